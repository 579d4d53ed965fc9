/** Images the program makes itself: normal, anomalous by shape alone, and general. Pure. */
export { type MadeImages, type MadeRequest, makeImages, smallestMadeSide } from "./images.ts";
export { anomalousMadeKinds, type MadeKind, madeKinds } from "./kinds.ts";
export { type MadeParts, makeParts, type PartKind, type PartRequest, partKinds } from "./parts.ts";
export { drawStranger, type StrangerKind, strangerKinds } from "./strangers.ts";
