/**
 * Where the bigints of a value are: `'bigint'`, it is one; another string, where those of the type of this name are.
 * Each of the others looks at values of one kind, lists or objects, and leaves the rest as they are.
 */
export type Plan =
  | string
  /** Each of a list. */
  | { readonly list: Plan }
  /** Those at these places of a list. */
  | { readonly tuple: readonly (Plan | null)[] }
  /** Each value of an object. */
  | { readonly map: Plan }
  /** These properties of an object. */
  | { readonly object: Readonly<Record<string, Plan>> }
  /** What is said of the value that the property `tag` of an object has. */
  | { readonly tag: string; readonly of: Readonly<Record<string, Plan>> }
  /** Each of these. */
  | { readonly all: readonly Plan[] }
  /** Those of these that fit: the value is one of several things. */
  | { readonly any: readonly Plan[] };

/** By the names of types. */
export type Plans = Readonly<Record<string, Plan>>;

const DIGITS = /^-?\d+$/;

/**
 * `value`, which nobody else has yet, with its bigints. `isOneOf`: what does not fit is something else, and no mistake.
 *
 * @throws TypeError where there is something else than digits in the place of a bigint.
 */
export function revive(types: Plans, plan: Plan, value: any, isOneOf = false): unknown {
  if (value == null) return value;
  if (plan === 'bigint') return bigintOf(value, isOneOf);
  if (typeof plan === 'string') return revive(types, types[plan]!, value, isOneOf);
  if ('all' in plan) return inTurn(types, plan.all, value, isOneOf);
  if ('any' in plan) return inTurn(types, plan.any, value, true);
  if (typeof value !== 'object') return value;

  const at = (key: string | number, plan: Plan | null): void => {
    if (plan && Object.hasOwn(value, key)) {
      value[key] = revive(types, plan, value[key], isOneOf);
    }
  };
  if (Array.isArray(value)) {
    if ('list' in plan) value.forEach((_, i) => at(i, plan.list));
    else if ('tuple' in plan) plan.tuple.forEach((part, i) => at(i, part));
  } else if ('map' in plan) {
    for (const key of Object.keys(value)) at(key, plan.map);
  } else if ('object' in plan) {
    for (const [key, part] of Object.entries(plan.object)) at(key, part);
  } else if ('tag' in plan && Object.hasOwn(value, plan.tag)) {
    const tag = value[plan.tag];
    if (Object.hasOwn(plan.of, tag)) return revive(types, plan.of[tag]!, value, isOneOf);
  }
  return value;
}

function inTurn(types: Plans, plans: readonly Plan[], value: unknown, isOneOf: boolean): unknown {
  return plans.reduce((value, plan) => revive(types, plan, value, isOneOf), value);
}

/** Several plans may be of one place, and the first has made it one. */
function bigintOf(value: unknown, isOneOf: boolean): unknown {
  if (typeof value === 'string' && DIGITS.test(value)) return BigInt(value);
  if (typeof value === 'bigint' || isOneOf) return value;
  throw new TypeError(`its place has a ${typeof value} and no digits`);
}
