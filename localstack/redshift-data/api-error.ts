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

  readonly #resourceId: string | undefined;

  constructor(name: ApiErrorName, message: string, resourceId?: string) {
    super(message);
    this.#resourceId = resourceId;
    this.name = name;
    this.status = name === "InternalServerException" ? 500 : 400;
  }

  toBody(): string {
    return JSON.stringify({ __type: this.name, Message: this.message, ResourceId: this.#resourceId });
  }
}

export function invalid(message: string): ApiError {
  return new ApiError("ValidationException", message);
}

export function notFound(id: string, message: string): never {
  throw new ApiError("ResourceNotFoundException", message, id);
}
