/** What learning does, whatever store it is over. */
import { appliesFeedback } from "./learns/adjuster.ts";
import { takesFeedback } from "./learns/feedback.ts";
import { digestsObservations } from "./learns/mindscaper.ts";
import { keepsMindscapes } from "./learns/mindscapes.ts";
import { takesObservations } from "./learns/observations.ts";
import type { OpenStore } from "./study.ts";

export function learns(open: OpenStore): void {
  takesObservations(open);
  digestsObservations(open);
  keepsMindscapes(open);
  takesFeedback(open);
  appliesFeedback(open);
}
