/** What ONNX Runtime's profile says of a program's operators. */

/** One operator of one run, as ONNX Runtime profiles it. */
export interface ProfileEvent {
  readonly operator: string;
  readonly node: string;
  readonly microseconds: number;
  readonly inputShapes: readonly (readonly number[])[];
  readonly outputShapes: readonly (readonly number[])[];
}

interface RawEvent {
  readonly cat?: string;
  readonly name: string;
  readonly dur: number;
  readonly args: {
    readonly op_name?: string;
    readonly input_type_shape?: readonly Record<string, number[]>[];
    readonly output_type_shape?: readonly Record<string, number[]>[];
  };
}

/** The operators of all runs in a profile that ONNX Runtime wrote, in the order in which they ran. */
export function parseProfile(text: string): ProfileEvent[] {
  const suffix = "_kernel_time";
  return (JSON.parse(text) as RawEvent[])
    .filter(({ cat, name }) => cat === "Node" && name.endsWith(suffix))
    .map(({ name, dur, args }) => ({
      operator: args.op_name === "FusedGemm" ? "Gemm" : (args.op_name ?? "unknown"),
      node: name.slice(0, -suffix.length),
      microseconds: dur,
      inputShapes: (args.input_type_shape ?? []).flatMap((type) => Object.values(type)),
      outputShapes: (args.output_type_shape ?? []).flatMap((type) => Object.values(type)),
    }));
}

/**
 * Floating-point operations of a Gemm [M, K] x [K, N]: 2 M N K, with K^2 = |A| |B| / |Y| whichever operands are transposed; of a Conv with a
 * kernel [O, C, K, K] as the engine runs it, channels that it adds to fill a block included: 2 C K^2 for every number of the result.
 */
export function operationsOf({ operator, inputShapes, outputShapes }: ProfileEvent): number {
  const [a, b] = inputShapes.map(sizeOf) as [number, number];
  const y = sizeOf(outputShapes[0]!);
  if (operator === "Conv") return (2 * y * b) / inputShapes[1]![0]!;
  return 2 * y * Math.sqrt((a * b) / y);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}
