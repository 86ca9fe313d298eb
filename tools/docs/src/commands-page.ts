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
  const help = (title: string, command: Command) => `## ${title}\n\n\`\`\`\n${helpOf(command)}\n\`\`\``;
  return [
    '# The command line',
    generated,
    'In a clone: `npx stackwright`. Data goes to stdout, progress to stderr. Exit codes: 0 ok, 1 error, 2 not ready (`status`) or changes (`plan`), 3 time-out.',
    help('stackwright', program),
    ...program.commands.map((command) => help(`stackwright ${command.name()}`, command)),
  ].join('\n\n');
}

/** With what is said after the options. */
function helpOf(command: Command): string {
  let text = '';
  command.configureHelp({ helpWidth: 100 }).configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text.trimEnd();
}
