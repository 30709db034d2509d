import { isDeepStrictEqual } from 'node:util';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import {
  START_TEMPLATES,
  type StartableType,
  TEMPLATE_MEMO,
  TEMPLATE_SUMMARY,
} from '../../contracts/start-template.ts';
import { listPath, QUESTIONS, startFormPath } from '../../contracts/temporal-links.ts';
import type { Session } from './session.ts';

/** The start form of a workflow type, filled in. */
export interface StartForm {
  type: StartableType;
  /** What it starts, for people. */
  title: string;
  link: string;
}

/**
 * The start forms of the workflow types, each filled in from its template. Templates that Temporal does not have, any
 * more or yet, are put there.
 */
export async function startForms({ client, namespace, temporalUi = '' }: Connected): Promise<StartForm[]> {
  const types = Object.entries(START_TEMPLATES) as [StartableType, { title: string; input: object }][];
  return Promise.all(
    types.map(async ([type, { title, input }]) => {
      const runId = (await presentTemplate(client, type, input)) ?? (await putTemplate(client, type, input));
      return { type, title, link: `${temporalUi}${startFormPath(namespace, type, runId)}` };
    }),
  );
}

type Connected = Pick<Session, 'client' | 'namespace' | 'temporalUi'>;

/** Lists of runs in Temporal's UI that answer what users ask of all of them. */
export function questionLinks({ namespace, temporalUi = '' }: Omit<Connected, 'client'>) {
  return QUESTIONS.map(({ question, query }) => ({ question, link: `${temporalUi}${listPath(namespace, query)}` }));
}

/** What `up` and `start-forms` print of both. */
export function formLines(forms: readonly StartForm[], questions: readonly { question: string; link: string }[]) {
  const pad = (text: string, width: number) => text.padEnd(width);
  return [
    'Start forms in the Temporal UI, filled in; give the run an id and start it:',
    ...forms.flatMap(({ type, title, link }) => [`  ${pad(type, 18)} ${title}`, `  ${pad('', 18)} ${link}`]),
    'Lists in the Temporal UI:',
    ...questions.flatMap(({ question, link }) => [`  ${question}`, `  ${pad('', 18)} ${link}`]),
  ];
}

const idOf = (type: StartableType) => `template-${type}`;

/** The execution of a template with this input, if Temporal has one. */
async function presentTemplate(client: Client, type: StartableType, input: object): Promise<string | undefined> {
  const handle = client.workflow.getHandle(idOf(type));
  try {
    const { memo, runId } = await handle.describe();
    return isDeepStrictEqual(memo, memoOf(input)) ? runId : undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

async function putTemplate(client: Client, type: StartableType, input: object): Promise<string> {
  const handle = await client.workflow.start(type, {
    taskQueue: 'videocap',
    workflowId: idOf(type),
    args: [input],
    memo: memoOf(input),
    staticSummary: TEMPLATE_SUMMARY,
    // One of another input that no worker has ended yet.
    workflowIdConflictPolicy: 'TERMINATE_EXISTING',
  });
  return handle.firstExecutionRunId;
}

function memoOf(input: object): Record<string, unknown> {
  return { [TEMPLATE_MEMO]: true, input };
}
