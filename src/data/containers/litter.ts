/** Names of files and folders that systems leave among images, and of files that look like images or hold some but cannot be read. */

const litterFolders = new Set(
  [
    ...["@eaDir", "#recycle", "#snapshot", "@tmp", "@Recycle", "@Recently-Snapshot", "@SynoResource", "~snapshot"],
    ...["$RECYCLE.BIN", "RECYCLER", "RECYCLED", "System Volume Information", "lost+found", "__MACOSX"],
    ...["Network Trash Folder", "Temporary Items", "TheVolumeSettingsFolder"],
  ].map((name) => name.toLowerCase()),
);

const litterFiles = new Set(
  ["Thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "Icon\r", "ZbThumbnail.info", "@SynoEAStream"].map(
    (name) => name.toLowerCase(),
  ),
);

/** Endings of pictures that are not read, and of archives, tables and videos that may hold some. */
const unreadEndings = new Set(
  [
    "ico cur heic heif jp2 j2k jpf jpx jxl jxr wdp psd psb xcf tga pcx pict ppm pgm pbm pnm pam pfm exr hdr fits fit",
    "raw dng cr2 cr3 crw nef nrw arw srf sr2 orf rw2 raf pef srw x3f 3fr iiq nii mha mhd nrrd czi lif nd2 svs ndpi",
    "apng mng npy npz mat h5 hdf5 parquet lmdb tfrecord",
    "mp4 m4v mov avi mkv webm mpg mpeg wmv ogv flv 3gp",
    "zip rar 7z tar tgz gz bz2 tbz2 xz txz zst",
  ].flatMap((line) => line.split(" ")),
);

/** What a system left there, such as `@eaDir` or `hidden`; undefined for what is a person's. */
export function litterName(name: string, isFolder: boolean): string | undefined {
  const lower = name.toLowerCase();
  if ((isFolder ? litterFolders : litterFiles).has(lower)) return name.trim();
  if (/^\.(trash|trashes|recycle|thumbnails|@__thumb|appledouble|ds_store)/.test(lower)) return name;
  return name.startsWith(".") ? "hidden" : undefined;
}

/** The ending of a name in lower case, with its dot; empty where it has none. */
export function endingOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot > 0 && dot < name.length - 1 ? name.slice(dot).toLowerCase() : "";
}

/** Whether a file of this ending may hold pictures that are not read. */
export function isUnread(ending: string): boolean {
  return unreadEndings.has(ending.slice(1));
}
