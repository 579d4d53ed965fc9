/** What the site is made of: the README as its first page, every guide, and the reference of every entry that package.json names. */
import { readdirSync, readFileSync } from "node:fs";

const root = new URL("..", import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
const entries = Object.values(exports).flatMap(({ types }) => (types?.startsWith("./dist/") ? [types] : []));

/** Those that are read first stand first. */
const first = ["first-detector.md", "guide.md", "questions.md", "coming-from.md"];
const others = readdirSync(new URL("docs/", root)).filter((name) => name.endsWith(".md") && !first.includes(name));

export default {
  name: "Outglow",
  readme: "../README.md",
  projectDocuments: [
    ...[...first, ...others.sort()].map((name) => `../docs/${name}`),
    "../examples/README.md",
    "../ARCHITECTURE.md",
    "../CHANGELOG.md",
  ],
  entryPoints: entries.map((types) => types.replace("./dist/", "../src/").replace(/\.d\.ts$/, ".ts")),
  tsconfig: "../tsconfig.build.json",
  out: "out",
  includeVersion: true,
  githubPages: false,
  disableSources: true,
  disableGit: true,
  sourceLinkTemplate: "",
  excludeInternal: true,
  hideGenerator: true,
  highlightLanguages: ["bash", "sh", "json", "javascript", "typescript", "python"],
  // Types that no entry exports are named where they are used, and have no page.
  validation: { notExported: false },
  // A link that leads nowhere is one.
  treatWarningsAsErrors: true,
  logLevel: "Warn",
};
