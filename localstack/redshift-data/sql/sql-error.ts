// What Redshift would answer to a statement that it refuses. Shown as the statement's Error, behind `ERROR: `.
export class SqlError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SqlError";
  }
}
