// Builds the image with whichever of Docker, Podman and Finch there is: npm run image [-- --build-arg PG_MAJORS=17 --tag …]
import { spawnSync } from 'node:child_process';

const root = new URL('..', import.meta.url).pathname;
const engine = ['docker', 'podman', 'finch'].find(
  (name) => spawnSync(name, ['info'], { stdio: 'ignore' }).status === 0,
);
if (!engine) {
  process.stderr.write(
    'image: none of docker, podman and finch works here\nimage: Install one, or start its daemon.\n',
  );
  process.exit(2);
}
const args = ['build', '--file', 'container/Dockerfile', '--tag', 'respaldo', ...process.argv.slice(2), '.'];
process.exitCode = spawnSync(engine, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
