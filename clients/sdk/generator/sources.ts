// The two generated files: types.ts is only types, operations.ts is what runs.
import { groupsOf, signaturesOf, STATE_TYPES, tableOf } from "./calls.ts";
import type { ApiDocument } from "./document.ts";
import { paragraphsOf } from "./examples.ts";
import { Types } from "./types.ts";

const HEADER = "// Generated from the API's document by clients/sdk/generate.ts; not to be edited.\n";

/**
 * File names and their contents.
 * @param programs sources of examples/
 */
export function sourcesOf(
  document: ApiDocument,
  programs: readonly string[],
): Readonly<Record<"types.ts" | "operations.ts", string>> {
  const groups = groupsOf(document);
  return {
    "types.ts": [
      HEADER,
      'import type { CallOptions } from "../request.ts";\n',
      `import type { ${STATE_TYPES.join(", ")} } from "../machine-states.ts";\n\n`,
      new Types(document).source(),
      "\n",
      signaturesOf(groups, paragraphsOf(programs)),
    ].join(""),
    "operations.ts": [HEADER, 'import type { Operation } from "../call.ts";\n\n', tableOf(groups)].join(""),
  };
}
