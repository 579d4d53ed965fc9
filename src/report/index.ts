/** Reports: contact sheets and image grids as PNG bytes, tables as text. Writes no files. */
export type { Colour, PixelBatch } from "./canvas.ts";
export { type Caption, type ContactSheet, flaggedColour, renderContactSheet } from "./contact-sheet.ts";
export { type ImageGrid, renderImageGrid } from "./image-grid.ts";
export { type Cell, type Column, formatMarkdownTable, formatTable, showNumber } from "./table.ts";
export { shortenMiddle } from "./text.ts";
