// A row that COPY refuses: the codes of the load error reference.
export class LoadError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = "LoadError";
    this.code = code;
  }
}
