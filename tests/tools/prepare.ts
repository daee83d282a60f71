import pMap from 'p-map';
import { describeError } from '../../scripts/cli/command.ts';
import { removeGoCache } from './go-program.ts';
import type { Tally } from './report.ts';
import { findChrome, TOOLS_NEEDED, type Tool } from './tools.ts';

/**
 * Gets missing tools, if that is possible without asking, and lists the others with instructions.
 * @param strict whether a missing tool is a failure instead of a reason to skip tests
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
  // The headless shell, if it was fetched first, also serves as Chrome.
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
