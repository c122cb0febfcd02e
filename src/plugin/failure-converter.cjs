// Moves the message and the stack of an error into a payload, so that the codec encrypts them too. CommonJS, because
// Temporal loads it with `require` on the worker and bundles it for the sandbox.
'use strict';

// oxlint-disable-next-line typescript/no-require-imports
const { DefaultFailureConverter } = require('@temporalio/common');

exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
