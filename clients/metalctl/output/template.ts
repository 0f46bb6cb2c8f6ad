// The part of Go's template language that people use with `-o template`: fields and their chains. Anything else is
// refused by name instead of printed wrongly.

import { field, type Doc } from "../resources/resource.ts";

/** Fills `{{ .field.sub }}` from a row. @throws Error for any other action */
export function renderTemplate(template: string, row: Doc): string {
  return template.replaceAll(/\{\{-?\s*(.*?)\s*-?\}\}/g, (_, action: string) => {
    if (action === ".") return JSON.stringify(row);
    if (!/^(\.[A-Za-z_][A-Za-z0-9_]*)+$/.test(action)) {
      throw new Error(
        `the template action "{{ ${action} }}" is not supported; use fields such as {{ .id }} or {{ .size.id }}`,
      );
    }
    return field(action.slice(1))(row);
  });
}
