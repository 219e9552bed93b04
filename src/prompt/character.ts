/** What a persona is like, in words: what is pronounced is said with its number, what lies in the middle is not. */
import type { ResolvedSession } from "../catalogue/resolved-session.ts";
import { quote } from "./delimit.ts";

type Traits = ResolvedSession["traits"];
type Style = ResolvedSession["style"];
type Level = Exclude<keyof Style, "verbosity" | "tone">;

const HIGH = 0.7;
const LOW = 0.3;

/** In the order in which they are said. */
const TRAITS: Readonly<Record<keyof Traits, readonly [high: string, low: string]>> = {
  openness: ["curious and open to new ideas", "practical and traditional"],
  conscientiousness: ["careful and thorough", "easygoing and spontaneous"],
  extraversion: ["outgoing and energetic", "reserved and thoughtful"],
  agreeableness: ["warm and accommodating", "frank and ready to disagree"],
  neuroticism: ["sensitive and easily worried", "even-tempered and hard to unsettle"],
  formality: ["professional and formal", "casual and informal"],
  enthusiasm: ["enthusiastic and passionate", "calm and measured"],
};

const LEVELS: Readonly<Record<Level, readonly [high: string, low: string]>> = {
  humor_level: ["often humorous", "serious, without jokes"],
  technical_depth: ["technical and in depth", "plain, without technical terms"],
  empathy_level: ["attentive to feelings", "matter-of-fact"],
  proactivity: ["quick to suggest what comes next", "answering only what is asked"],
};

const TONES: Readonly<Record<Style["tone"], string>> = {
  Professional: "Your tone is professional: polite, precise, and to the point.",
  Friendly: "Your tone is friendly: warm and approachable.",
  Casual: "Your tone is casual: relaxed, as among friends.",
  Authoritative: "Your tone is authoritative: sure of itself and decisive.",
  Supportive: "Your tone is supportive: patient and encouraging.",
  Analytical: "Your tone is analytical: structured, weighing reasons.",
};

const VERBOSITY: Readonly<Record<Style["verbosity"], string>> = {
  Concise: "Keep responses brief and to the point.",
  Balanced: "Provide balanced, conversational responses.",
  Detailed: "Give comprehensive explanations with examples.",
  Elaborate: "Provide thorough, extensive detail in responses.",
};

/** Undefined when nothing about it is pronounced. */
export function characterText({ traits, style }: Pick<ResolvedSession, "traits" | "style">): string | undefined {
  const said = [...pronounced(TRAITS, traits), ...pronounced(LEVELS, style)];
  return said.length === 0 ? undefined : `You are ${said.join("; ")}.`;
}

export const toneText = ({ tone }: Style): string => TONES[tone];
export const verbosityText = ({ verbosity }: Style): string => VERBOSITY[verbosity];

export function expertiseText(areas: readonly string[]): string {
  if (areas.length === 0) return "You are a general purpose assistant.";
  return `Your areas of expertise: ${areas.map(quote).join(", ")}.`;
}

function pronounced<Name extends string>(
  words: Readonly<Record<Name, readonly [high: string, low: string]>>,
  values: Readonly<Record<Name, number>>,
): readonly string[] {
  return (Object.keys(words) as Name[]).flatMap((name) => {
    const value = values[name];
    if (value <= HIGH && value >= LOW) return [];
    const [high, low] = words[name];
    return [`${value > HIGH ? high : low} (${name.replaceAll("_", " ")} ${Number(value.toFixed(2))})`];
  });
}
