export const INTERNAL: readonly string[];
export const MANGLED: {
    readonly mangleProps: RegExp;
    readonly mangleCache: Record<string, string>;
};
