/** Where a value comes from. */
export type Origin =
  | { readonly from: "default" }
  | { readonly from: "file"; readonly file: string; readonly line: number; readonly column: number }
  | { readonly from: "environment"; readonly name: string }
  | { readonly from: "flag"; readonly flag: string };

/** `file:12:3`, the name of a variable, a flag, or `default`. */
export function originText(origin: Origin): string {
  switch (origin.from) {
    case "default":
      return "default";
    case "file":
      return `${origin.file}:${origin.line}:${origin.column}`;
    case "environment":
      return origin.name;
    case "flag":
      return origin.flag;
  }
}
