/**
 * Eigenvalues and eigenvectors of small symmetric matrices by Jacobi's method: rotate away one off-diagonal element after another.
 *
 * Golub and Van Loan, "Matrix Computations" (4th edition, 2013), section 8.5. Accurate also for the small eigenvalues.
 */
import { internalError } from "../../base/index.ts";

/** An eigenvalue and its eigenvector of length 1. */
export interface Eigenpair {
  readonly value: number;
  readonly vector: readonly number[];
}

/** Convergence is quadratic: a handful of sweeps serve any matrix. More means the matrix held something that is not a number. */
const mostSweeps = 60;

/** The eigenpairs of a symmetric matrix, smallest value first. Throws an internal error for non-finite elements. */
export function symmetricEigenpairs(matrix: readonly (readonly number[])[]): Eigenpair[] {
  const size = matrix.length;
  const work = matrix.map((row) => [...row]);
  const vectors = work.map((_, i) => work.map((_, j) => (i === j ? 1 : 0)));
  const scale = work.flat().reduce((sum, value) => sum + value * value, 0);
  for (let sweep = 0; offDiagonal(work) > Number.EPSILON ** 2 * scale; sweep++) {
    if (sweep === mostSweeps) throw internalError(`eigenvalues of a ${size}x${size} matrix did not converge`);
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(work, vectors, p, q);
  }
  if (!Number.isFinite(scale)) throw internalError("eigenvalues of a matrix that is not finite");
  return work
    .map((row, j) => ({ value: row[j]!, vector: vectors.map((components) => components[j]!) }))
    .sort((a, b) => a.value - b.value);
}

function offDiagonal(matrix: readonly (readonly number[])[]): number {
  return matrix.reduce(
    (sum, row, i) => row.reduce((part, value, j) => (i === j ? part : part + value * value), sum),
    0,
  );
}

/** Makes element (p, q) of `work` zero by the smaller of the two rotations that do, and turns the vectors likewise. */
function rotate(work: number[][], vectors: number[][], p: number, q: number): void {
  const element = work[p]![q]!;
  if (element === 0) return;
  const ratio = (work[q]![q]! - work[p]![p]!) / (2 * element);
  const tangent = (ratio >= 0 ? 1 : -1) / (Math.abs(ratio) + Math.sqrt(ratio * ratio + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  const turn = (row: number[]): void => {
    const [a, b] = [row[p]!, row[q]!];
    row[p] = cosine * a - sine * b;
    row[q] = sine * a + cosine * b;
  };
  work.forEach(turn);
  const [rowP, rowQ] = [work[p]!, work[q]!];
  for (let k = 0; k < rowP.length; k++) {
    const [a, b] = [rowP[k]!, rowQ[k]!];
    rowP[k] = cosine * a - sine * b;
    rowQ[k] = sine * a + cosine * b;
  }
  // Zero by construction: what rounding leaves there would keep a matrix of low rank from ever converging.
  rowP[q] = 0;
  rowQ[p] = 0;
  vectors.forEach(turn);
}
