import type { Command } from 'commander';
import { createProgram } from '@stackwright/cli';
import { generated } from './markdown.js';

/** The command line's own help, command by command. */
export function commandsPage(): string {
  const program = createProgram({
    stdout: process.stdout,
    stderr: process.stderr,
    signal: AbortSignal.abort(),
    setExitCode: () => undefined,
  });
  const help = (title: string, command: Command) =>
    `## ${title}\n\n\`\`\`\n${command.configureHelp({ helpWidth: 100 }).helpInformation().trimEnd()}\n\`\`\``;
  return [
    '# The command line',
    generated,
    'In a clone: `npx stackwright`. Data goes to stdout, progress to stderr. Exit codes: 0 ok, 1 error, 2 not ready (`status` only), 3 time-out.',
    help('stackwright', program),
    ...program.commands.map((command) => help(`stackwright ${command.name()}`, command)),
  ].join('\n\n');
}
