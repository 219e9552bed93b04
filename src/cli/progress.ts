/** How far something long has come, on a terminal. */

export interface ProgressBar {
  /** From 0 to 1. */
  readonly show: (share: number) => void;
  /** Takes the bar away. */
  end(): void;
}

const WIDTH = 30;

/** Nothing is drawn unless `output` is a terminal, and only when a whole per cent was added. */
export function progressBar(title: string, output: NodeJS.WriteStream = process.stderr): ProgressBar {
  let shown = 0;
  return {
    show(share) {
      const percent = Math.floor(100 * Math.min(1, Math.max(0, share)));
      if (!output.isTTY || percent <= shown) return;
      shown = percent;
      const full = Math.round((WIDTH * percent) / 100);
      const name = title.slice(0, Math.max(0, (output.columns || 80) - WIDTH - 9));
      output.write(`\r${name}  ${"█".repeat(full)}${"░".repeat(WIDTH - full)} ${percent} %\u001b[K`);
    },
    end() {
      if (shown > 0) output.write("\r\u001b[K");
    },
  };
}
