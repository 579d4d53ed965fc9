/** Files and folders that are dropped on a page, or chosen in a dialog, with their paths. */

/** A file and where it was in what was dropped. */
export interface DroppedFile {
  readonly path: string;
  readonly file: File;
}

/** Every file of a drop, folders and all that is in them included. Hidden files are left where they are. */
export async function droppedFiles(transfer: DataTransfer): Promise<DroppedFile[]> {
  // Entries have to be taken before anything is awaited: then the transfer is empty.
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const found: DroppedFile[] = [];
  for (const entry of entries) await walk(entry, "", found);
  return found;
}

/** The files of an input, whose paths begin with the folder that was chosen. */
export function chosenFiles(files: FileList): DroppedFile[] {
  return Array.from(files, (file) => ({ path: file.webkitRelativePath || file.name, file })).filter(
    ({ path }) => !path.split("/").some((name) => name.startsWith(".")),
  );
}

async function walk(entry: FileSystemEntry, around: string, found: DroppedFile[]): Promise<void> {
  if (entry.name.startsWith(".")) return;
  const path = `${around}${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // It gives a hundred at a time, and none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const one of some) await walk(one, `${path}/`, found);
  }
}
