import type { ProblemDetails } from "./types";

/** The gateway said no (RFC 9457), or could not be reached (`code` "unreachable", `status` 0). */
export class ApiProblem extends Error {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly status: number;
  /** Seconds after which it is worth trying again, where the gateway said so. */
  readonly retryAfter: number | null;
  readonly errors: { pointer: string; message: string }[];

  constructor(problem: Partial<ProblemDetails> & { status: number }, retryAfter: number | null = null) {
    super(problem.detail ?? problem.title ?? `status ${problem.status}`);
    this.name = "ApiProblem";
    this.code = problem.code ?? "unknown";
    this.title = problem.title ?? "";
    this.detail = problem.detail ?? "";
    this.status = problem.status;
    this.retryAfter = retryAfter;
    this.errors = problem.errors ?? [];
  }

  get unreachable(): boolean {
    return this.code === "unreachable";
  }
}

export function unreachable(): ApiProblem {
  return new ApiProblem({ status: 0, code: "unreachable", title: "Unreachable" });
}

/** Any error as a problem: what is thrown by a client call is one of these nearly always. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem({ status: 0, code: "unexpected", detail: error instanceof Error ? error.message : "" });
}
