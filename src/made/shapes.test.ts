/** Tests that the shapes have the area and contour length that they promise. */
import { describe, expect, test } from "vitest";
import { contourLength, cross, disc, polygon, rectangle, ring, type Shape, star, starOf, trio } from "./shapes.ts";

const reach = 1.4;
const samples = 1000;
/** Half the width of the band; thin, because at sharp corners a band is not contour times width. */
const band = 0.01;

/** Area, and contour length as the area of a thin band around the contour over the band's width. */
function measure(shape: Shape): { area: number; contour: number } {
  const step = (2 * reach) / samples;
  let inside = 0;
  let near = 0;
  for (let row = 0; row < samples; row++)
    for (let column = 0; column < samples; column++) {
      const x = -reach + (column + 0.5) * step;
      const y = -reach + (row + 0.5) * step;
      // Turned, so that no straight contour runs along the rows or columns of the samples.
      const distance = shape(0.8 * x + 0.6 * y, 0.8 * y - 0.6 * x);
      if (distance < 0) inside++;
      if (Math.abs(distance) < band) near++;
    }
  return { area: inside * step * step, contour: (near * step * step) / (2 * band) };
}

const compared: readonly [string, Shape][] = [
  ["ring", ring],
  ["cross", cross],
  ["star", star],
  ["trio", trio],
];

describe("shapes", () => {
  test.each(compared)("%s has area 1 and the common contour length", (_, shape) => {
    const { area, contour } = measure(shape);
    expect(area).toBeCloseTo(1, 2);
    expect(Math.abs(contour / contourLength - 1)).toBeLessThan(0.01);
  });

  test.each<[string, Shape]>([
    ["disc", disc],
    ["square", rectangle(1)],
    ["rectangle", rectangle(3)],
    ["triangle", polygon(3)],
    ["hexagon", polygon(6)],
    ["star of four", starOf(4)],
    ["star of seven", starOf(7)],
  ])("%s has area 1", (_, shape) => {
    expect(measure(shape).area).toBeCloseTo(1, 2);
  });

  test("a ring has a hole and a cross has none", () => {
    expect(ring(0, 0)).toBeGreaterThan(0);
    expect(cross(0, 0)).toBeLessThan(0);
    expect(star(0, 0)).toBeLessThan(0);
    expect(trio(0, 0)).toBeGreaterThan(0);
  });

  test.each(compared)("%s changes with distance near its contour, at most as fast as distance itself", (_, shape) => {
    const step = 1e-4;
    let steepest = 0;
    for (let at = 0; at < 2000; at++) {
      const angle = at * 2.4;
      const radius = (at / 2000) * reach;
      const x = radius * Math.cos(angle);
      const y = radius * Math.sin(angle);
      const slopeX = (shape(x + step, y) - shape(x - step, y)) / (2 * step);
      const slopeY = (shape(x, y + step) - shape(x, y - step)) / (2 * step);
      steepest = Math.max(steepest, Math.hypot(slopeX, slopeY));
    }
    expect(steepest).toBeGreaterThan(0.99);
    expect(steepest).toBeLessThan(1.01);
  });
});
