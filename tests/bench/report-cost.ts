import { writeFileSync } from 'node:fs';

/** With `node --import`: writes what a program cost into `COST_FILE` when it ends. */
process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const cost = { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, residentMegabytes: maxRSS / 1024 };
  writeFileSync(process.env['COST_FILE'] ?? '', JSON.stringify(cost));
});
