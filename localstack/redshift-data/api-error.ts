// Errors as the Data API sends them: a JSON body with `__type`, and HTTP 400 or 500. Shapes: API reference, and the service model.

export type ApiErrorName =
  | "ValidationException"
  | "ResourceNotFoundException"
  | "ActiveStatementsExceededException"
  | "ActiveWaitingRequestsExceededException"
  | "ThrottlingException"
  | "InternalServerException"
  | "UnknownOperationException";

export class ApiError extends Error {
  readonly status: number;

  constructor(name: ApiErrorName, message: string) {
    super(message);
    this.name = name;
    this.status = name === "InternalServerException" ? 500 : 400;
  }

  toBody(): string {
    return JSON.stringify({ __type: this.name, message: this.message });
  }
}

export function invalid(message: string): ApiError {
  return new ApiError("ValidationException", message);
}
