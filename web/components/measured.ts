/** Elements that are drawn anew when their size changes. */
import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

/** What `measure` says of an element: when it is in the page, and whenever its size changes or it is scrolled. */
export function useMeasured<Measures>(
  box: RefObject<HTMLElement | null>,
  measure: (element: HTMLElement) => Measures,
  before: Measures,
): Measures {
  const [measured, setMeasured] = useState(before);
  useLayoutEffect(() => {
    const element = box.current!;
    const look = (): void => setMeasured(measure(element));
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", look);
    };
    // What is measured stays the same as long as the element stands.
  }, []);
  return measured;
}
