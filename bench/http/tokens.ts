/** What the provider says each time. */
export const TOKENS = ["A prime", " has no", " divisors", " but one", " and itself."];
