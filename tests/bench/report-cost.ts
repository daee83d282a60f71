import { writeFileSync } from 'node:fs';

/** Loaded with `node --import`: writes the cost of a program to `COST_FILE` when it ends. */
process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const cost = { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, residentMegabytes: maxRSS / 1024 };
  writeFileSync(process.env['COST_FILE'] ?? '', JSON.stringify(cost));
});
