import pMap from 'p-map';
import { describeError } from '../../scripts/cli/command.ts';
import { removeGoCache } from './go-program.ts';
import type { Tally } from './report.ts';
import { findChrome, TOOLS_NEEDED, type Tool } from './tools.ts';

/**
 * Gets the tools that are missing, as far as that goes without asking, and names the others with how to get them.
 * @param strict whether a missing tool counts as a failure instead of tests to skip
 */
export async function prepareTools(strict: boolean): Promise<Tally> {
  let failed = 0;
  const missing = TOOLS_NEEDED.filter((tool) => tool.find() === undefined);
  const installers = [...Map.groupBy(missing, ({ source }) => source).values()];
  await pMap(installers, async (tools) => {
    for (const tool of tools) {
      const failure = await getTool(tool);
      if (failure === undefined) continue;
      const counts = strict && tool.required;
      if (counts) failed += 1;
      console.log(`${counts ? 'FAILED' : 'SKIPPED'}: ${tool.name} is missing (${failure}): ${tool.advice}.`);
    }
  });
  await removeGoCache();
  const chrome = findChrome();
  if (chrome) process.env['CHROME_PATH'] = chrome;
  return { passed: 0, failed, skipped: 0 };
}

async function getTool(tool: Tool): Promise<string | undefined> {
  // The headless shell, when it was got first, serves as Chrome, too.
  if (tool.find() !== undefined) return undefined;
  if (!tool.get) return 'it is not fetched by itself';
  console.log(`Getting ${tool.name} …`);
  try {
    await tool.get();
  } catch (error) {
    return describeError(error);
  }
  return tool.find() === undefined ? 'it is still not there after its installation' : undefined;
}
