/** Takes secrets out of what a provider says, before it gets into an error, a log or an explanation. */

export type Redact = (text: string) => string;

/** What looks like a key, whoever's it is. */
const KEYS = [/\b(?:bearer|basic)\s+\S{8,}/gi, /\b(?:sk|pk|rk|gsk|xai|AIza|key)[-_]?[\w-]{16,}/g];
/** Shorter ones would be found in ordinary words. */
const SHORTEST_SECRET = 6;

/** `secrets`: those that were configured, to be found in whatever form they come back. */
export function redactor(secrets: readonly string[]): Redact {
  const forms = secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .flatMap((secret) => [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")]);
  return (text) => {
    const known = forms.reduce((rest, form) => rest.replaceAll(form, "[redacted]"), text);
    return KEYS.reduce((rest, key) => rest.replace(key, "[redacted]"), known);
  };
}
