/** What a person types after `outglow data`: a group of commands about images themselves. */
import { Command } from "commander";
import type { DataCacheOptions } from "./data-cache.ts";
import type { DataDownloadOptions } from "./data-download.ts";
import type { DataInfoOptions } from "./data-info.ts";
import { nameList } from "./options.ts";

/** `outglow data`. */
export function dataCommand(): Command {
  const group = new Command("data").description(
    "look at images before anything is trained on them, fetch public ones, see what is kept prepared",
  );
  for (const command of [infoCommand(), downloadCommand(), cacheCommand()]) group.addCommand(command);
  return group;
}

function infoCommand(): Command {
  return new Command("info")
    .description("what images are like: sizes, classes, what is unreadable, there twice, blank, dark, blurred or odd")
    .argument("<images...>", "locations, each a set: a folder, an archive, a file of a data set (PATH#split=train)")
    .option("--out <folder>", "write contact sheets, one for every set and finding, findings.csv and info.json there")
    .option(
      "--fail-on <kinds>",
      "end with exit code 3 where one of these is found, e.g. duplicates,unreadable",
      nameList,
    )
    .option("--force", "write over the files in --out", false)
    .option("--quiet", "no progress on stderr", false)
    .option("--json", "print one JSON object on stdout", false)
    .action(async (locations: string[], options: DataInfoOptions) => {
      const { dataInfo } = await import("./data-info.ts");
      await dataInfo(locations, options);
    });
}

function cacheCommand(): Command {
  return new Command("cache")
    .description("say what is kept of prepared images, and where")
    .option("--clear", "take all of it away", false)
    .option("--json", "print one JSON object on stdout", false)
    .action(async (options: DataCacheOptions) => {
      const { dataCache } = await import("./data-cache.ts");
      await dataCache(options);
    });
}

function downloadCommand(): Command {
  return new Command("download")
    .description("fetch a public data set from its home and check it; without a name, list them")
    .argument("[name]", "mnist, fashion-mnist, kmnist, emnist, cifar-10, cifar-100, svhn, tiny-imagenet or mvtec-ad")
    .option("--out <folder>", "where its files go (default: a folder of its name)")
    .option("--accept-licence", "accept a licence that restricts what the images may be used for", false)
    .option("--force", "replace other files of these names", false)
    .option("--quiet", "no progress on stderr", false)
    .option("--json", "print one JSON object on stdout", false)
    .action(async (name: string | undefined, options: DataDownloadOptions) => {
      const { dataDownload } = await import("./data-download.ts");
      await dataDownload(name, options);
    });
}
