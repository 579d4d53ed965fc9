/** Where everything of the studio's interface is asked for: methods and paths, apart from their schemas, so that a page carries no checks that the server makes. */

/** One route's address: `:name` is one part of the path. */
export interface Address {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
}

/** Every address by the name of its route. */
export const addresses = {
  home: { method: "GET", path: "/api/home" },
  news: { method: "GET", path: "/api/news" },
  demo: { method: "POST", path: "/api/demo" },
  place: { method: "POST", path: "/api/places" },
  folders: { method: "GET", path: "/api/folders" },
  openFolder: { method: "POST", path: "/api/folders" },
  makeFolder: { method: "POST", path: "/api/dropped" },
  folder: { method: "GET", path: "/api/folders/:folder" },
  forgetFolder: { method: "DELETE", path: "/api/folders/:folder" },
  folderImages: { method: "GET", path: "/api/folders/:folder/images" },
  folderPicture: { method: "GET", path: "/api/folders/:folder/images/:image/picture" },
  inspectFolder: { method: "POST", path: "/api/folders/:folder/look" },
  putFile: { method: "POST", path: "/api/folders/:folder/files" },
  trainForm: { method: "GET", path: "/api/train" },
  checkTraining: { method: "POST", path: "/api/train/check" },
  train: { method: "POST", path: "/api/train" },
  run: { method: "GET", path: "/api/runs/:run" },
  runEvents: { method: "GET", path: "/api/runs/:run/events" },
  runPicture: { method: "GET", path: "/api/runs/:run/pictures/:picture" },
  stopRun: { method: "POST", path: "/api/runs/:run/stop" },
  resumeRun: { method: "POST", path: "/api/runs/:run/resume" },
  forgetRun: { method: "DELETE", path: "/api/runs/:run" },
  detector: { method: "GET", path: "/api/detectors/:detector" },
  detectorFile: { method: "GET", path: "/api/detectors/:detector/files/:name" },
  detectorSets: { method: "GET", path: "/api/detectors/:detector/sets" },
  samples: { method: "GET", path: "/api/detectors/:detector/samples" },
  undoCalibration: { method: "POST", path: "/api/detectors/:detector/undo-calibration" },
  scorings: { method: "GET", path: "/api/scorings" },
  score: { method: "POST", path: "/api/scorings" },
  scoring: { method: "GET", path: "/api/scorings/:run" },
  scoringNames: { method: "GET", path: "/api/scorings/:run/names" },
  scoringColumn: { method: "GET", path: "/api/scorings/:run/columns/:score" },
  scoringReferences: { method: "GET", path: "/api/scorings/:run/references/:score" },
  scoredImage: { method: "GET", path: "/api/scorings/:run/images/:image" },
  nearestImages: { method: "GET", path: "/api/scorings/:run/images/:image/nearest" },
  imagePicture: { method: "GET", path: "/api/scorings/:run/images/:image/picture" },
  imageMap: { method: "GET", path: "/api/scorings/:run/images/:image/maps/:map" },
  marks: { method: "GET", path: "/api/scorings/:run/marks" },
  mark: { method: "POST", path: "/api/scorings/:run/marks" },
  undoMarks: { method: "POST", path: "/api/scorings/:run/marks/undo" },
  calibrate: { method: "POST", path: "/api/scorings/:run/calibrate" },
  serviceDescription: { method: "GET", path: "/api/service" },
} as const satisfies Readonly<Record<string, Address>>;

/** The name of a route. */
export type RouteName = keyof typeof addresses;
