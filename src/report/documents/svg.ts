/** What every SVG of a report shares: its font and its outermost element. */

/**
 * Fonts are the machine's own (fontconfig): sharp brings none. On a machine without any font, such as a bare container, pictures have
 * their marks and frames but no text. Reports therefore never keep a fact in a picture alone.
 */
export const fontFamily = "DejaVu Sans, Helvetica, Arial, sans-serif";

/** An SVG document of a size in pixels. */
export function svgOf(width: number, height: number, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="${fontFamily}">${content}</svg>`;
}
