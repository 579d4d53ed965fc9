/** The ground floor: errors, shapes, random numbers. Pure. */

export { concatenate } from "./arrays.ts";
export {
  type Architecture,
  architectures,
  type ClassifierKind,
  classifierKinds,
  type Device,
  deviceNames,
  type EncoderPlan,
  encoderPlans,
  type FitWay,
  fitWays,
  type MemoryMode,
  memoryModes,
  type ObjectiveName,
  type OptimizerName,
  objectiveNames,
  optimizerNames,
  type RangeWay,
  type Role,
  rangeWays,
  roles,
  type SplitWay,
  splitWays,
} from "./choices.ts";
export { commandLine, flagOf, quoteWord } from "./command-line.ts";
export { asCell, asPath, asText, csvRow, quote } from "./csv.ts";
export { showDuration } from "./duration.ts";
export {
  ConfigError,
  FormatError,
  GraphError,
  internalError,
  isUserError,
  messageOf,
  RunError,
  ShapeError,
} from "./errors.ts";
export { describeFault, type Fault, type FaultCode, type SettingWriter, setting, writeSettings } from "./faults.ts";
export { type ImageShape, imageSizeOf, isColoured, mostChannels } from "./image-shape.ts";
export { permutation, type RandomKey, type RandomStream, randomKey } from "./random.ts";
export { type Remedy, type RemedyKey, remedyText } from "./remedies.ts";
export {
  bindShape,
  broadcastAxes,
  broadcastShapes,
  type Dimension,
  type FreeDimension,
  freeBatch,
  multiplyDimensions,
  normalizeAxis,
  type Shape,
  sameDimension,
  sameShape,
  showDimension,
  showShape,
  sizeOf,
  staticDimension,
  staticSize,
} from "./shape.ts";
export { nearestSpelling } from "./spelling.ts";
