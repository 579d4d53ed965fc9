/** A long list of images, fetched a page at a time where it is looked at. */
import { attempt } from "../shell/errors.ts";

/** One image of a list. */
export interface ListedImage {
  readonly index: number;
  readonly name: string;
  readonly class: string | null;
}

/** A list of which only parts are here. */
export interface ImagePages {
  /** The image at a place of the list; undefined while it is not here. */
  at(place: number): ListedImage | undefined;
  /** Fetches what is missing between two places. */
  want(first: number, last: number): void;
}

const pageSize = 200;
/** Pages that are kept: a person who scrolls through a hundred thousand images has seen the first ones long ago. */
const mostPages = 60;

/** Makes one. `onCome` is told how many there are in all, whenever a page has come. */
export function makePages(
  fetchPage: (
    from: number,
    count: number,
  ) => Promise<{ readonly count: number; readonly images: readonly ListedImage[] }>,
  onCome: (count: number) => void,
): ImagePages {
  const pages = new Map<number, readonly ListedImage[] | "coming">();
  const load = (page: number): void => {
    const known = pages.get(page);
    if (known) {
      pages.delete(page);
      pages.set(page, known);
      return;
    }
    pages.set(page, "coming");
    attempt(async () => {
      try {
        const { count, images } = await fetchPage(page * pageSize, pageSize);
        pages.set(page, images);
        for (const old of [...pages.keys()].slice(0, -mostPages)) pages.delete(old);
        onCome(count);
      } catch (error) {
        pages.delete(page);
        throw error;
      }
    });
  };
  return {
    at(place) {
      const page = pages.get(Math.floor(place / pageSize));
      return page === "coming" ? undefined : page?.[place % pageSize];
    },
    want(first, last) {
      for (let page = Math.floor(first / pageSize); page <= Math.floor(last / pageSize); page++) load(page);
    },
  };
}
