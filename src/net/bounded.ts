/**
 * The same stream up to so many bytes; then it fails with `tooMuch()`, and no more is read. By hand: a `TransformStream`
 * does it too, and takes four queues and as many promises for each piece.
 */
export function bounded(
  stream: ReadableStream<Uint8Array>,
  most: number,
  tooMuch: () => Error,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  let left = most;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) return controller.close();
        left -= value.byteLength;
        if (left >= 0) return controller.enqueue(value);
        const error = tooMuch();
        reader.cancel(error).catch(() => {});
        throw error;
      },
      cancel: (reason) => reader.cancel(reason),
    },
    // Nothing is read before it is asked for.
    { highWaterMark: 0 },
  );
}
