/** Public data sets from their homes: the only floor that opens a connection to fetch images. */
export { type Downloaded, type DownloadOptions, downloadSet, publicSet } from "./downloading.ts";
export { type PublicSet, type PublishedChecksum, publicSets, type RemoteFile } from "./sets.ts";
export { type TransferOptions, transferFile } from "./transfers.ts";
