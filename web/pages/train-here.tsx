/** Training in the page, in the studio. */
import type { JSX } from "preact";
import { TrainView } from "../training/train-view.tsx";

export function TrainHerePage(): JSX.Element {
  return <TrainView tryAddress="/try" />;
}
