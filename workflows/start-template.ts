import { type WorkflowInterceptors, workflowInfo } from '@temporalio/workflow';
import { TEMPLATE_MEMO, TEMPLATE_RESULT } from '../contracts/start-template.ts';

/** Around every workflow: a template of the start form does nothing. */
export const interceptors = (): WorkflowInterceptors => ({
  inbound: [
    {
      async execute(input, next) {
        return workflowInfo().memo?.[TEMPLATE_MEMO] === true ? TEMPLATE_RESULT : next(input);
      },
    },
  ],
});
