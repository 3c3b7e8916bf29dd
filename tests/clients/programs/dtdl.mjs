// Reads a JSON object of model lists from a file (the parser's runtime makes stdin non-blocking);
// prints the name of each list with what the parser refuses it for, or null.
import { readFileSync } from "node:fs";

import { getInterop } from "@digicatapult/dtdl-parser";

const parser = await getInterop();
const verdicts = {};
for (const [name, models] of Object.entries(JSON.parse(readFileSync(process.argv[2], "utf8")))) {
  try {
    parser.parse(JSON.stringify(models));
    verdicts[name] = null;
  } catch (error) {
    verdicts[name] = String(error.message ?? error).slice(0, 300);
  }
}
process.stdout.write(JSON.stringify(verdicts), () => process.exit(0));
