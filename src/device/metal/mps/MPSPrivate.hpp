// Class and selector caches of the MPS bindings, filled in the one translation unit that defines
// MPS_PRIVATE_IMPLEMENTATION. A class that the system lacks is null there, and messages to it do nothing.
#pragma once

#include <objc/runtime.h>

#include "MPSDefines.hpp"

#define _MPS_PRIVATE_CLS(symbol) (MPS::Private::Class::s_k##symbol)
#define _MPS_PRIVATE_SEL(accessor) (MPS::Private::Selector::s_k##accessor)

#if defined(MPS_PRIVATE_IMPLEMENTATION)

#ifdef METALCPP_SYMBOL_VISIBILITY_HIDDEN
#define _MPS_PRIVATE_VISIBILITY __attribute__((visibility("hidden")))
#else
#define _MPS_PRIVATE_VISIBILITY __attribute__((visibility("default")))
#endif

#ifdef __OBJC__
#define _MPS_PRIVATE_OBJC_LOOKUP_CLASS(symbol) ((__bridge void*)objc_lookUpClass(#symbol))
#else
#define _MPS_PRIVATE_OBJC_LOOKUP_CLASS(symbol) objc_lookUpClass(#symbol)
#endif

#define _MPS_PRIVATE_DEF_CLS(symbol) void* s_k##symbol _MPS_PRIVATE_VISIBILITY = _MPS_PRIVATE_OBJC_LOOKUP_CLASS(symbol)
#define _MPS_PRIVATE_DEF_SEL(accessor, symbol) SEL s_k##accessor _MPS_PRIVATE_VISIBILITY = sel_registerName(symbol)

#else

#define _MPS_PRIVATE_DEF_CLS(symbol) extern void* s_k##symbol
#define _MPS_PRIVATE_DEF_SEL(accessor, symbol) extern SEL s_k##accessor

#endif

namespace MPS::Private::Class {

_MPS_PRIVATE_DEF_CLS(MPSMatrix);
_MPS_PRIVATE_DEF_CLS(MPSMatrixCopy);
_MPS_PRIVATE_DEF_CLS(MPSMatrixCopyDescriptor);
_MPS_PRIVATE_DEF_CLS(MPSMatrixDescriptor);
_MPS_PRIVATE_DEF_CLS(MPSMatrixFindTopK);
_MPS_PRIVATE_DEF_CLS(MPSMatrixLogSoftMax);
_MPS_PRIVATE_DEF_CLS(MPSMatrixMultiplication);
_MPS_PRIVATE_DEF_CLS(MPSMatrixSoftMax);
_MPS_PRIVATE_DEF_CLS(MPSMatrixSoftMaxGradient);
_MPS_PRIVATE_DEF_CLS(MPSMatrixSum);
_MPS_PRIVATE_DEF_CLS(MPSMatrixVectorMultiplication);
_MPS_PRIVATE_DEF_CLS(MPSTemporaryMatrix);
_MPS_PRIVATE_DEF_CLS(MPSVector);
_MPS_PRIVATE_DEF_CLS(MPSVectorDescriptor);

}  // namespace MPS::Private::Class

namespace MPS::Private::Selector {

_MPS_PRIVATE_DEF_SEL(batchSize, "batchSize");
_MPS_PRIVATE_DEF_SEL(batchStart, "batchStart");
_MPS_PRIVATE_DEF_SEL(columns, "columns");
_MPS_PRIVATE_DEF_SEL(copyColumns, "copyColumns");
_MPS_PRIVATE_DEF_SEL(copyRows, "copyRows");
_MPS_PRIVATE_DEF_SEL(copyWithZone_device_, "copyWithZone:device:");
_MPS_PRIVATE_DEF_SEL(count, "count");
_MPS_PRIVATE_DEF_SEL(data, "data");
_MPS_PRIVATE_DEF_SEL(dataType, "dataType");
_MPS_PRIVATE_DEF_SEL(descriptorWithSourceMatrix_destinationMatrix_offsets_,
                     "descriptorWithSourceMatrix:destinationMatrix:offsets:");
_MPS_PRIVATE_DEF_SEL(destinationsAreTransposed, "destinationsAreTransposed");
_MPS_PRIVATE_DEF_SEL(device, "device");
_MPS_PRIVATE_DEF_SEL(encodeToCommandBuffer_copyDescriptor_, "encodeToCommandBuffer:copyDescriptor:");
_MPS_PRIVATE_DEF_SEL(
    encodeToCommandBuffer_copyDescriptor_rowPermuteIndices_rowPermuteOffset_columnPermuteIndices_columnPermuteOffset_,
    "encodeToCommandBuffer:copyDescriptor:rowPermuteIndices:rowPermuteOffset:columnPermuteIndices:"
    "columnPermuteOffset:");
_MPS_PRIVATE_DEF_SEL(encodeToCommandBuffer_gradientMatrix_forwardOutputMatrix_resultMatrix_,
                     "encodeToCommandBuffer:gradientMatrix:forwardOutputMatrix:resultMatrix:");
_MPS_PRIVATE_DEF_SEL(encodeToCommandBuffer_inputMatrix_inputVector_resultVector_,
                     "encodeToCommandBuffer:inputMatrix:inputVector:resultVector:");
_MPS_PRIVATE_DEF_SEL(encodeToCommandBuffer_inputMatrix_resultIndexMatrix_resultValueMatrix_,
                     "encodeToCommandBuffer:inputMatrix:resultIndexMatrix:resultValueMatrix:");
_MPS_PRIVATE_DEF_SEL(encodeToCommandBuffer_inputMatrix_resultMatrix_,
                     "encodeToCommandBuffer:inputMatrix:resultMatrix:");
_MPS_PRIVATE_DEF_SEL(encodeToCommandBuffer_leftMatrix_rightMatrix_resultMatrix_,
                     "encodeToCommandBuffer:leftMatrix:rightMatrix:resultMatrix:");
_MPS_PRIVATE_DEF_SEL(
    encodeToCommandBuffer_sourceMatrices_resultMatrix_scaleVector_offsetVector_biasVector_startIndex_,
    "encodeToCommandBuffer:sourceMatrices:resultMatrix:scaleVector:offsetVector:biasVector:startIndex:");
_MPS_PRIVATE_DEF_SEL(indexOffset, "indexOffset");
_MPS_PRIVATE_DEF_SEL(initWithBuffer_descriptor_, "initWithBuffer:descriptor:");
_MPS_PRIVATE_DEF_SEL(initWithBuffer_offset_descriptor_, "initWithBuffer:offset:descriptor:");
_MPS_PRIVATE_DEF_SEL(initWithDevice_, "initWithDevice:");
_MPS_PRIVATE_DEF_SEL(initWithDevice_copyRows_copyColumns_sourcesAreTransposed_destinationsAreTransposed_,
                     "initWithDevice:copyRows:copyColumns:sourcesAreTransposed:destinationsAreTransposed:");
_MPS_PRIVATE_DEF_SEL(initWithDevice_count_, "initWithDevice:count:");
_MPS_PRIVATE_DEF_SEL(initWithDevice_count_rows_columns_transpose_, "initWithDevice:count:rows:columns:transpose:");
_MPS_PRIVATE_DEF_SEL(initWithDevice_descriptor_, "initWithDevice:descriptor:");
_MPS_PRIVATE_DEF_SEL(initWithDevice_numberOfTopKValues_, "initWithDevice:numberOfTopKValues:");
_MPS_PRIVATE_DEF_SEL(initWithDevice_resultRows_resultColumns_interiorColumns_,
                     "initWithDevice:resultRows:resultColumns:interiorColumns:");
_MPS_PRIVATE_DEF_SEL(initWithDevice_rows_columns_, "initWithDevice:rows:columns:");
_MPS_PRIVATE_DEF_SEL(
    initWithDevice_transposeLeft_transposeRight_resultRows_resultColumns_interiorColumns_alpha_beta_,
    "initWithDevice:transposeLeft:transposeRight:resultRows:resultColumns:interiorColumns:alpha:beta:");
_MPS_PRIVATE_DEF_SEL(initWithDevice_transpose_rows_columns_alpha_beta_,
                     "initWithDevice:transpose:rows:columns:alpha:beta:");
_MPS_PRIVATE_DEF_SEL(initWithSourceMatrices_destinationMatrices_offsetVector_offset_,
                     "initWithSourceMatrices:destinationMatrices:offsetVector:offset:");
_MPS_PRIVATE_DEF_SEL(label, "label");
_MPS_PRIVATE_DEF_SEL(leftMatrixOrigin, "leftMatrixOrigin");
_MPS_PRIVATE_DEF_SEL(length, "length");
_MPS_PRIVATE_DEF_SEL(matrices, "matrices");
_MPS_PRIVATE_DEF_SEL(matrixBytes, "matrixBytes");
_MPS_PRIVATE_DEF_SEL(matrixDescriptorWithRows_columns_matrices_rowBytes_matrixBytes_dataType_,
                     "matrixDescriptorWithRows:columns:matrices:rowBytes:matrixBytes:dataType:");
_MPS_PRIVATE_DEF_SEL(matrixDescriptorWithRows_columns_rowBytes_dataType_,
                     "matrixDescriptorWithRows:columns:rowBytes:dataType:");
_MPS_PRIVATE_DEF_SEL(neuronParameterA, "neuronParameterA");
_MPS_PRIVATE_DEF_SEL(neuronParameterB, "neuronParameterB");
_MPS_PRIVATE_DEF_SEL(neuronParameterC, "neuronParameterC");
_MPS_PRIVATE_DEF_SEL(neuronType, "neuronType");
_MPS_PRIVATE_DEF_SEL(numberOfTopKValues, "numberOfTopKValues");
_MPS_PRIVATE_DEF_SEL(offset, "offset");
_MPS_PRIVATE_DEF_SEL(options, "options");
_MPS_PRIVATE_DEF_SEL(prefetchStorageWithCommandBuffer_matrixDescriptorList_,
                     "prefetchStorageWithCommandBuffer:matrixDescriptorList:");
_MPS_PRIVATE_DEF_SEL(primarySourceMatrixOrigin, "primarySourceMatrixOrigin");
_MPS_PRIVATE_DEF_SEL(readCount, "readCount");
_MPS_PRIVATE_DEF_SEL(resourceSize, "resourceSize");
_MPS_PRIVATE_DEF_SEL(resultMatrixOrigin, "resultMatrixOrigin");
_MPS_PRIVATE_DEF_SEL(rightMatrixOrigin, "rightMatrixOrigin");
_MPS_PRIVATE_DEF_SEL(rowBytes, "rowBytes");
_MPS_PRIVATE_DEF_SEL(rowBytesForColumns_dataType_, "rowBytesForColumns:dataType:");
_MPS_PRIVATE_DEF_SEL(rows, "rows");
_MPS_PRIVATE_DEF_SEL(secondarySourceMatrixOrigin, "secondarySourceMatrixOrigin");
_MPS_PRIVATE_DEF_SEL(setBatchSize_, "setBatchSize:");
_MPS_PRIVATE_DEF_SEL(setBatchStart_, "setBatchStart:");
_MPS_PRIVATE_DEF_SEL(setColumns_, "setColumns:");
_MPS_PRIVATE_DEF_SEL(setCopyOperationAtIndex_sourceMatrix_destinationMatrix_offsets_,
                     "setCopyOperationAtIndex:sourceMatrix:destinationMatrix:offsets:");
_MPS_PRIVATE_DEF_SEL(setDataType_, "setDataType:");
_MPS_PRIVATE_DEF_SEL(setIndexOffset_, "setIndexOffset:");
_MPS_PRIVATE_DEF_SEL(setLabel_, "setLabel:");
_MPS_PRIVATE_DEF_SEL(setLeftMatrixOrigin_, "setLeftMatrixOrigin:");
_MPS_PRIVATE_DEF_SEL(setLength_, "setLength:");
_MPS_PRIVATE_DEF_SEL(setNeuronType_parameterA_parameterB_parameterC_,
                     "setNeuronType:parameterA:parameterB:parameterC:");
_MPS_PRIVATE_DEF_SEL(setNumberOfTopKValues_, "setNumberOfTopKValues:");
_MPS_PRIVATE_DEF_SEL(setOptions_, "setOptions:");
_MPS_PRIVATE_DEF_SEL(setPrimarySourceMatrixOrigin_, "setPrimarySourceMatrixOrigin:");
_MPS_PRIVATE_DEF_SEL(setReadCount_, "setReadCount:");
_MPS_PRIVATE_DEF_SEL(setResultMatrixOrigin_, "setResultMatrixOrigin:");
_MPS_PRIVATE_DEF_SEL(setRightMatrixOrigin_, "setRightMatrixOrigin:");
_MPS_PRIVATE_DEF_SEL(setRowBytes_, "setRowBytes:");
_MPS_PRIVATE_DEF_SEL(setRows_, "setRows:");
_MPS_PRIVATE_DEF_SEL(setSecondarySourceMatrixOrigin_, "setSecondarySourceMatrixOrigin:");
_MPS_PRIVATE_DEF_SEL(setSourceColumns_, "setSourceColumns:");
_MPS_PRIVATE_DEF_SEL(setSourceMatrixOrigin_, "setSourceMatrixOrigin:");
_MPS_PRIVATE_DEF_SEL(setSourceRows_, "setSourceRows:");
_MPS_PRIVATE_DEF_SEL(sourceColumns, "sourceColumns");
_MPS_PRIVATE_DEF_SEL(sourceMatrixOrigin, "sourceMatrixOrigin");
_MPS_PRIVATE_DEF_SEL(sourceRows, "sourceRows");
_MPS_PRIVATE_DEF_SEL(sourcesAreTransposed, "sourcesAreTransposed");
_MPS_PRIVATE_DEF_SEL(synchronizeOnCommandBuffer_, "synchronizeOnCommandBuffer:");
_MPS_PRIVATE_DEF_SEL(temporaryMatrixWithCommandBuffer_matrixDescriptor_,
                     "temporaryMatrixWithCommandBuffer:matrixDescriptor:");
_MPS_PRIVATE_DEF_SEL(transpose, "transpose");
_MPS_PRIVATE_DEF_SEL(vectorBytes, "vectorBytes");
_MPS_PRIVATE_DEF_SEL(vectorBytesForLength_dataType_, "vectorBytesForLength:dataType:");
_MPS_PRIVATE_DEF_SEL(vectorDescriptorWithLength_dataType_, "vectorDescriptorWithLength:dataType:");
_MPS_PRIVATE_DEF_SEL(vectorDescriptorWithLength_vectors_vectorBytes_dataType_,
                     "vectorDescriptorWithLength:vectors:vectorBytes:dataType:");
_MPS_PRIVATE_DEF_SEL(vectors, "vectors");

}  // namespace MPS::Private::Selector
