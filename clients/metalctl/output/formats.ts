// The output formats.
export const FORMATS = ["table", "wide", "markdown", "json", "yaml", "template"] as const;
export type Format = (typeof FORMATS)[number];
