/** The pages: where each is, what it is called, and what loads it. Add one by adding a record. */
import type { ComponentType } from "preact";

/** What every page is given: the parts of its address. */
export interface PageProps {
  /** The parts that the address names, decoded. */
  readonly parts: Readonly<Record<string, string>>;
  /** What stands behind `?` in the address. */
  readonly query: URLSearchParams;
}

/** A page. */
export interface PageRoute {
  /** `:name` is one part of the address behind `#`. */
  readonly path: string;
  readonly title: string;
  /** Its place in the navigation; absent for pages that others lead to. */
  readonly entry?: string;
  readonly load: () => Promise<ComponentType<PageProps>>;
}

/** Every page, in the order of the navigation. */
export const pageRoutes: readonly PageRoute[] = [
  { path: "/", title: "Home", entry: "Home", load: async () => (await import("../pages/home.tsx")).HomePage },
  { path: "/data", title: "Images", entry: "Images", load: async () => (await import("../pages/data.tsx")).DataPage },
  { path: "/data/:folder", title: "Images", load: async () => (await import("../pages/folder.tsx")).FolderPage },
  {
    path: "/train",
    title: "Train",
    entry: "Train",
    load: async () => (await import("../pages/train.tsx")).TrainPage,
  },
  { path: "/try", title: "Try", entry: "Try", load: async () => (await import("../pages/try.tsx")).TryPage },
  {
    path: "/scores",
    title: "Scores",
    entry: "Scores",
    load: async () => (await import("../pages/scores.tsx")).ScoresPage,
  },
  {
    path: "/scores/:run/images/:image",
    title: "Image",
    load: async () => (await import("../pages/image.tsx")).ImagePage,
  },
  { path: "/scores/:run", title: "Scores", load: async () => (await import("../pages/scoring.tsx")).ScoringPage },
  {
    path: "/samples",
    title: "Samples",
    entry: "Samples",
    load: async () => (await import("../pages/samples.tsx")).SamplesPage,
  },
  {
    path: "/compare",
    title: "Compare",
    entry: "Compare",
    load: async () => (await import("../pages/compare.tsx")).ComparePage,
  },
  { path: "/runs/:run", title: "Run", load: async () => (await import("../pages/run.tsx")).RunPage },
  {
    path: "/try/train",
    title: "Train in the page",
    load: async () => (await import("../pages/train-here.tsx")).TrainHerePage,
  },
  { path: "/paper", title: "Paper", entry: "Paper", load: async () => (await import("../pages/paper.tsx")).PaperPage },
  { path: "/api", title: "API", entry: "API", load: async () => (await import("../pages/api.tsx")).ApiPage },
];
