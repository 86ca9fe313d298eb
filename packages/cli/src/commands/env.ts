import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret, isNotFound } from '@stackwright/kube';
import { expectOwn } from '../cluster/trust.js';
import { CliError } from '../errors.js';
import { withCluster, type CommandContext } from './context.js';

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The password goes into a file that only its owner reads, and never to the terminal. */
export async function env(context: CommandContext): Promise<void> {
  const { paths, terminal, options } = context;
  if (!existsSync(paths.kubeconfig)) {
    throw new CliError(`There is no embedded cluster in ${paths.stateDir}.`, {
      hints: ['Start one with `npm start`.'],
    });
  }
  const files = { clouds: join(paths.stateDir, 'clouds.yaml'), authority: join(paths.stateDir, 'ca.crt') };
  expectOwn(paths.stateDir, paths.kubeconfig, files.clouds, files.authority);
  const embedded = { ...context, options: { ...options, kubeconfig: paths.kubeconfig } };
  terminal.data(`export KUBECONFIG=${quoted(paths.kubeconfig)}`);
  await withCluster(embedded, async ({ client }, namespace) => {
    try {
      const { data = {} } = await client.get(Secret, { namespace, name: 'keystone-admin' }, { signal: context.signal });
      writeFileSync(files.clouds, Buffer.from(data['clouds.yaml'] ?? '', 'base64'), { mode: 0o600 });
      terminal.data(`export OS_CLIENT_CONFIG_FILE=${quoted(files.clouds)}`);
      if (data['ca.crt'] !== undefined) {
        writeFileSync(files.authority, Buffer.from(data['ca.crt'], 'base64'));
        terminal.data(`export OS_CACERT=${quoted(files.authority)}`);
      }
      terminal.data(`export OS_CLOUD=${quoted(namespace)}`);
      terminal.note(
        `# A client on this host must resolve *.${namespace}.svc; \`stackwright openstack -- <command>\` needs nothing.`,
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
      terminal.note('# Keystone has no administrator yet; see `stackwright status`.');
    }
  });
}
