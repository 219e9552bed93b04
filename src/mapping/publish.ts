/** What was learned of rules, as the next version of their mapper. */
import { publishedDocument } from "./learning/document.ts";
import type { Mapper } from "./mapper.ts";
import type { Mappers, MapperWrite } from "./mappers.ts";
import type { WeightSource, Weights } from "./sources.ts";

export async function publish(
  { mappers, weights }: { readonly mappers: Mappers; readonly weights: WeightSource },
  tenant: string,
  id: string,
  write: MapperWrite,
): Promise<{ readonly mapper: Mapper; readonly created: boolean }> {
  const mapper = await mappers.get(tenant, id);
  const authored = weightsIn(mapper.document);
  const learned = await weights.of(tenant, id, authored);
  const changed = Object.fromEntries(Object.entries(learned).filter(([rule, weight]) => authored[rule] !== weight));
  if (Object.keys(changed).length === 0) return { mapper, created: false };
  const document = publishedDocument(mapper.document, changed);
  const metadata = { ...(document["metadata"] as object), version: raised(mapper.semver) };
  return mappers.put(tenant, id, { ...document, metadata }, { ...write, ifNewest: mapper.newest_version });
}

function weightsIn(document: Mapper["document"]): Weights {
  const rules = document["rules"] as readonly { readonly id: string; readonly weight?: number }[];
  return Object.fromEntries(rules.map(({ id, weight = 1 }) => [id, weight]));
}

/** `1.0.9` becomes `1.0.10`; what does not end with a number has one behind it then. */
function raised(semver: string): string {
  const [, before = `${semver}.`, last = "0"] = /^(.*?)(\d{1,9})$/.exec(semver) ?? [];
  return `${before}${Number(last) + 1}`;
}
