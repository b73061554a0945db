import { expect, test } from 'vitest';
import { isFloat16, rankGraphVariants } from './graphVariants.ts';

test('four-bit weights with float32 activations come first, float16 after eight-bit', () => {
  expect(
    rankGraphVariants([
      'model.onnx',
      'model_q4f16.onnx',
      'model_quantized.onnx',
      'model_q4.onnx',
      'model_fp16.onnx',
    ]),
  ).toEqual(['model_q4', 'model_quantized', 'model_q4f16', 'model_fp16', 'model']);
});

test('weights, encoders and embedding graphs are no decoders', () => {
  expect(
    rankGraphVariants([
      'model_q4.onnx_data',
      'vision_encoder.onnx',
      'embed_tokens.onnx',
      'decoder_model_merged.onnx',
    ]),
  ).toEqual(['decoder_model_merged']);
});

test('a decoder that takes a cache is taken instead of those beside it that do not', () => {
  expect(
    rankGraphVariants([
      'decoder_model.onnx',
      'decoder_model_merged.onnx',
      'decoder_model_merged_quantized.onnx',
      'decoder_with_past_model.onnx',
      'decoder_with_past_model_quantized.onnx',
      'encoder_model.onnx',
    ]),
  ).toEqual(['decoder_with_past_model_quantized', 'decoder_with_past_model']);
  expect(rankGraphVariants(['decoder_model_merged.onnx'])).toEqual(['decoder_model_merged']);
});

test('half precision is in the name', () => {
  const names = ['model', 'model_q4', 'model_q4f16', 'model_fp16', 'model_quantized'];
  expect(names.filter(isFloat16)).toEqual(['model_q4f16', 'model_fp16']);
});
