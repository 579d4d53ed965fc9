/** Object stores that speak S3: the only floor beside `download` that fetches images, and only what a person's own address names. */
export {
  addressBeside,
  isStoreAddress,
  keyProblem,
  type ObjectAddress,
  parseAddress,
  showAddress,
} from "./addresses.ts";
export type { ListedObject, ListRequest } from "./listing.ts";
export type { PartReader } from "./read-ahead.ts";
export type { Patience } from "./requests.ts";
export { type Environment, type StoreSettings, storeSettings } from "./settings.ts";
export { type ObjectStore, type OpenObject, openStore, storeOf } from "./store.ts";
