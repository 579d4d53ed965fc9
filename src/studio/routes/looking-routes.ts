/** Routes of scores, images, marks and samples, as data. */
import { z } from "zod";
import type { DescribedGroup } from "../../service/index.ts";
import { addresses } from "./addresses.ts";
import {
  calibrateBody,
  markBody,
  marksSchema,
  namesSchema,
  nearestQuery,
  nearestSchema,
  pictureQuery,
  proposedSetsSchema,
  referencesSchema,
  samplesQuery,
  scoredImageSchema,
  scoringBody,
  scoringListSchema,
  scoringSchema,
} from "./looking-schemas.ts";
import { runSchema } from "./schemas.ts";

const pictures = ["image/png", "image/webp"] as const;

export const lookingRoutes = {
  detectorSets: {
    ...addresses.detectorSets,
    summary: "Sets of images that a detector may be asked about",
    answer: proposedSetsSchema,
  },
  samples: {
    ...addresses.samples,
    summary: "Images that a flow draws, or redraws at some scales",
    query: samplesQuery,
    files: pictures,
  },
  undoCalibration: {
    ...addresses.undoCalibration,
    summary: "Take the last calibration of a detector back",
    answer: z.object({ done: z.literal(true) }),
  },
  scorings: { ...addresses.scorings, summary: "What has been scored", answer: scoringListSchema },
  score: {
    ...addresses.score,
    summary: "Score sets of images under a detector",
    body: scoringBody,
    answer: runSchema,
  },
  scoring: {
    ...addresses.scoring,
    summary: "A scoring as far as it is; null before its first set",
    answer: scoringSchema.nullable(),
  },
  scoringNames: { ...addresses.scoringNames, summary: "The names of all images of a scoring", answer: namesSchema },
  scoringColumn: {
    ...addresses.scoringColumn,
    summary: "One score of all images: float64, little-endian",
    files: ["application/octet-stream"],
  },
  scoringReferences: {
    ...addresses.scoringReferences,
    summary: "The scores of normal images that p-values rest on",
    answer: referencesSchema,
  },
  scoredImage: { ...addresses.scoredImage, summary: "An image under the detector", answer: scoredImageSchema },
  nearestImages: {
    ...addresses.nearestImages,
    summary: "The normal images that are most like an image",
    query: nearestQuery,
    answer: nearestSchema,
  },
  imagePicture: { ...addresses.imagePicture, summary: "A picture of an image", query: pictureQuery, files: pictures },
  imageMap: {
    ...addresses.imageMap,
    summary: "The tints of a map, to be laid over a picture",
    query: pictureQuery.pick({ side: true }),
    files: pictures,
  },
  marks: { ...addresses.marks, summary: "What has been said of a scoring's images", answer: marksSchema },
  mark: {
    ...addresses.mark,
    summary: "Mark images as normal or anomalous, or take marks away",
    body: markBody,
    answer: marksSchema,
  },
  undoMarks: { ...addresses.undoMarks, summary: "Take the last change of marks back", answer: marksSchema },
  calibrate: {
    ...addresses.calibrate,
    summary: "Calibrate the detector on images that are marked as normal",
    body: calibrateBody,
    answer: runSchema,
  },
  serviceDescription: {
    ...addresses.serviceDescription,
    summary: "What outglow serve can be asked (OpenAPI 3.1)",
    answer: z.object({ groups: z.custom<readonly DescribedGroup[]>(), document: z.unknown() }),
  },
} as const;
