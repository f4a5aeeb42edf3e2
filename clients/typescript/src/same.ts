/** Whether two values say the same. What is nested deeper than anybody nests counts as different. */
export function isSame(a: any, b: any, depth = 0): boolean {
  if (Object(a) !== a || Object(b) !== b || depth > 64) return a === b;
  const keys = Object.keys(a);
  return (
    Array.isArray(a) === Array.isArray(b) &&
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key], depth + 1))
  );
}
