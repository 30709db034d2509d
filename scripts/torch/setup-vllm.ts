import { Report } from '../../cli/setup/report.ts';
import { vllmEnvironment } from './vllm-environment.ts';

/** `npm run setup:vllm`: installs vLLM for the CPU, for tests and trials. A second call takes a moment. */
await vllmEnvironment();
new Report().line('vLLM for the CPU is installed in .venv-vllm.');
