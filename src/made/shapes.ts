/**
 * Shapes as signed distances, all of area 1 and, for those that are compared with each other, of one contour length.
 *
 * `ring`, `cross`, `star` and `trio` have area 1 and contour length sqrt(12 pi), exactly. Area decides how many pixels are bright and
 * contour length how many lie on an edge (and with it the power at high spatial frequencies, which depends on the contour length
 * alone), so these four differ in where their pixels are, not in how many of which sort there are.
 */

/**
 * The signed distance from a point to a shape's contour: negative inside, exact near the contour (what antialiasing needs), a bound
 * elsewhere. Shapes are centred on the origin and have area 1.
 */
export type Shape = (x: number, y: number) => number;

/** The contour length of `ring`, `cross`, `star` and `trio`. */
export const contourLength = Math.sqrt(12 * Math.PI);

// Contour 2 pi (outer + hole) and area pi (outer^2 - hole^2) = 1: the hole is half as wide as the ring.
const middleRadius = contourLength / (4 * Math.PI);
const halfThickness = 1 / contourLength;

/** A ring twice as wide as its hole. */
export const ring: Shape = (x, y) => Math.abs(Math.hypot(x, y) - middleRadius) - halfThickness;

// A cross with arms reaching `l` has contour 8 l whatever its arms' width; that width then follows from the area 4 l w - w^2 = 1.
const armReach = contourLength / 8;
const armWidth = 2 * armReach - Math.sqrt(4 * armReach * armReach - 1);

/** A cross with four equal arms. */
export const cross: Shape = (x, y) => {
  const along = Math.abs(x);
  const across = Math.abs(y);
  return Math.min(
    boxDistance(along, across, armReach, armWidth / 2),
    boxDistance(along, across, armWidth / 2, armReach),
  );
};

/** A five-pointed star. */
export const star: Shape = starOf(5);

// Three discs of area 1/3 have contour 3 * 2 pi sqrt(1 / (3 pi)) = sqrt(12 pi) together.
const trioRadius = Math.sqrt(1 / (3 * Math.PI));
const trioGap = trioRadius / 2;
const trioReach = (2 * trioRadius + trioGap) / Math.sqrt(3);

/** Three equal discs at the corners of a triangle, half a radius apart. */
export const trio: Shape = (x, y) => {
  const angle = foldedAngle(x, y, Math.PI / 3);
  const radius = Math.hypot(x, y);
  return Math.hypot(radius * Math.cos(angle) - trioReach, radius * Math.sin(angle)) - trioRadius;
};

/** A disc. */
export const disc: Shape = (x, y) => Math.hypot(x, y) - Math.sqrt(1 / Math.PI);

/** A rectangle `elongation` times as long as wide; 1 is a square. */
export function rectangle(elongation: number): Shape {
  const halfLength = Math.sqrt(elongation) / 2;
  const halfWidth = 1 / Math.sqrt(elongation) / 2;
  return (x, y) => boxDistance(Math.abs(x), Math.abs(y), halfLength, halfWidth);
}

/** A regular polygon with three or more corners. */
export function polygon(corners: number): Shape {
  const sector = Math.PI / corners;
  const apothem = Math.sqrt(1 / (corners * Math.tan(sector)));
  return (x, y) => Math.hypot(x, y) * Math.cos(foldedAngle(x, y, sector)) - apothem;
}

/** A star with the given number of points, three or more, of contour length sqrt(12 pi). */
export function starOf(points: number): Shape {
  const sector = Math.PI / points;
  const sine = Math.sin(sector);
  const cosine = Math.cos(sector);
  // With inner radius = ratio * outer radius, contour^2 / area = 4 points (ratio + 1 / ratio - 2 cosine) / sine.
  const sum = 2 * cosine + (contourLength ** 2 * sine) / (4 * points);
  const ratio = (sum - Math.sqrt(sum * sum - 4)) / 2;
  const outer = 1 / Math.sqrt(points * ratio * sine);
  const inner = ratio * outer;
  const innerX = inner * cosine;
  const innerY = inner * sine;
  const sideX = innerX - outer;
  const sideLength = Math.hypot(sideX, innerY);
  return (x, y) => {
    const radius = Math.hypot(x, y);
    const angle = foldedAngle(x, y, sector);
    const foldedX = radius * Math.cos(angle) - outer;
    const foldedY = radius * Math.abs(Math.sin(angle));
    const position = Math.min(1, Math.max(0, (foldedX * sideX + foldedY * innerY) / (sideLength * sideLength)));
    const distance = Math.hypot(foldedX - position * sideX, foldedY - position * innerY);
    return sideX * foldedY - innerY * foldedX < 0 ? distance : -distance;
  };
}

/** The angle of a point from the nearest of the axes 0, 2 sector, 4 sector, ...; in [-sector, sector]. */
function foldedAngle(x: number, y: number, sector: number): number {
  const angle = Math.atan2(y, x);
  return angle - 2 * sector * Math.round(angle / (2 * sector));
}

/** Signed distance to a box with the given half sides, from a point in the first quadrant. */
function boxDistance(x: number, y: number, halfLength: number, halfWidth: number): number {
  const outsideX = x - halfLength;
  const outsideY = y - halfWidth;
  return Math.hypot(Math.max(outsideX, 0), Math.max(outsideY, 0)) + Math.min(Math.max(outsideX, outsideY), 0);
}
