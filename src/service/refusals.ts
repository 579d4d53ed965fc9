/** What the service answers where it does not do what it was asked: an HTTP status and a fault as data. */
import { ConfigError, describeFault, type Fault, FormatError } from "../base/index.ts";

/** A request that is answered with an error. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly fault: Fault;
  /** Seconds after which it is worth asking again. */
  readonly retryAfter: number | undefined;
  constructor(status: number, fault: Fault, retryAfter?: number) {
    super(describeFault(fault));
    this.status = status;
    this.fault = fault;
    this.retryAfter = retryAfter;
  }
}

/** 400: the request is not what was expected. */
export function badRequest(subject: string, expected: string, got: string): Refusal {
  return new Refusal(400, { code: "out-of-range", subject, expected, got });
}

/** 404: nothing of this name is here. */
export function notFound(subject: string, expected: string, got: string): Refusal {
  return new Refusal(404, { code: "not-found", subject, expected, got });
}

/** 409: the request is one, but not for what is here now. */
export function conflict(fault: Fault): Refusal {
  return new Refusal(409, fault);
}

/** 413: more than a limit, which is named by its setting. */
export function tooLarge(subject: string, expected: string, got: string): Refusal {
  return new Refusal(413, { code: "too-large", subject, expected, got });
}

/** 429: too much is waiting. */
export function tooBusy(expected: string, got: string): Refusal {
  return new Refusal(429, { code: "busy", subject: "service", expected, got }, 1);
}

/** 503: it cannot be answered now. */
export function unavailable(subject: string, expected: string, got: string): Refusal {
  return new Refusal(503, { code: "busy", subject, expected, got }, 1);
}

/** 504: it took too long. */
export function tooLate(seconds: number): Refusal {
  const expected = `an answer within ${seconds} s`;
  return new Refusal(504, { code: "timeout", subject: "request", expected, got: "none" }, 1);
}

/** What was thrown as a refusal: faults of what was asked for are 400; undefined for a defect of the program. */
export function asRefusal(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if ((error instanceof ConfigError || error instanceof FormatError) && error.fault) {
    return new Refusal(400, error.fault);
  }
  return undefined;
}

/** A fault as the body of an answer: `error` in one line, as the Open Inference Protocol wants it, and the parts for programs. */
export function faultBody(fault: Fault, request: string): object {
  return { error: describeFault(fault), fault, request };
}
