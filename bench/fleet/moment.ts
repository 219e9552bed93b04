/** Milliseconds on a clock that all threads read alike. */
export function moment(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
