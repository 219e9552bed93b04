/** Thrown by a command that finds it must not write: what it wrote is rolled back, and this is its result. */
export class Refused<Result> {
  readonly result: Result;
  constructor(result: Result) {
    this.result = result;
  }
}
