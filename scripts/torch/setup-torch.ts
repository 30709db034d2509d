import { Report } from '../../cli/setup/report.ts';
import { torchEnvironment } from './torch-environment.ts';

/** `npm run setup:torch`: installs what `policy.engine.kind: torch` needs. A second call takes a moment. */
await torchEnvironment();
new Report().line('The torch engine is installed: set policy.engine.kind to torch.');
