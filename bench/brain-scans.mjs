/**
 * Unpacks brain scans (an archive with `normal/` and kinds of tumours) into a new folder: `train/` with two thirds of the normal ones, `normal/`
 * with every third by name, `tumour/KIND/`.
 *
 *     node bench/brain-scans.mjs brain-mri.tar FOLDER
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

const [archive, folder] = process.argv.slice(2);
for (const name of ["train", "normal", "tumour"]) mkdirSync(join(folder, name), { recursive: true });
execFileSync("tar", ["xf", archive, "-C", folder]);
const root = join(folder, "brain-mri");
for (const [index, name] of readdirSync(join(root, "normal")).sort().entries()) {
  renameSync(join(root, "normal", name), join(folder, index % 3 === 2 ? "normal" : "train", name));
}
for (const kind of readdirSync(root).filter((name) => name !== "normal")) {
  renameSync(join(root, kind), join(folder, "tumour", kind));
}
rmSync(root, { recursive: true });
